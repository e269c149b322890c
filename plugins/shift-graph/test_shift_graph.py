import torch
from stgnn_shift_graph import shift, shift_index

from stgnn.testing import check_operator


def test_operator() -> None:
    check_operator("ShiftGraphConv")


def test_channel_c_moves_by_c_joints() -> None:
    x = torch.randn(2, 7, 3, 5)
    moved = shift(x, shift_index(7, 5, 1))
    for channel in range(7):
        assert torch.equal(moved[:, channel], x[:, channel].roll(-channel, dims=2))


def test_back_undoes_there() -> None:
    x = torch.randn(2, 7, 3, 5)
    assert torch.equal(shift(shift(x, shift_index(7, 5, 1)), shift_index(7, 5, -1)), x)
