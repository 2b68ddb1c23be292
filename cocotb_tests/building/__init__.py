"""Output folders: what runs from them without Python."""
