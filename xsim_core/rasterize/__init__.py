"""Rasterise 2D Gaussians (Huang et al. 2024) on the CPU, or on CUDA through gsplat."""

from .render import SH_C0, Gaussians2D, RasterBackend, RenderOutput, render, render_numpy

__all__ = ["SH_C0", "Gaussians2D", "RasterBackend", "RenderOutput", "render", "render_numpy"]
