from .viewer import VIEWABLE as VIEWABLE, Viewer as Viewer, open_viewer as open_viewer
