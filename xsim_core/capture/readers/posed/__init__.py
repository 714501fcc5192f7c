"""Photos whose cameras somebody has solved already: nerfstudio's and COLMAP's files."""
