"""The socket side of the access layer: connections, who is on which, and frames in and out."""
