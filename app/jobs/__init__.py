"""The jobs a county asks for, each from files to files, each in a module of its own: none is loaded for another."""
