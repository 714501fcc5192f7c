from .reconstruct import (
    Reconstruction as Reconstruction,
    reconstruct_object as reconstruct_object,
)
