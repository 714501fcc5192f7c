"""Where the object is in a film whose capture has no box of it: by what moves, or at a click."""
