"""Names that other parts need without importing torch."""

STREAMS = ("joint", "bone", "joint_motion", "bone_motion")
