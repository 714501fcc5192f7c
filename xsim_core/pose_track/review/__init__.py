"""A person looks at a track: cuts, sets key poses, accepts; and what comes of that."""
