"""Reading input layers and writing plan files: the only package that knows file formats."""
