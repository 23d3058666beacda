"""Workbooks, documents and printed sheets: frames in, bytes out; the words and columns are those that offices use."""
