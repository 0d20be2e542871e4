"""What ``deploy/`` has runs as it stands there, on real programs."""
