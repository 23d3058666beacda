"""Pure geometry and optimisation: frames, geometries and numbers in, the same out; no files, clock or environment."""
