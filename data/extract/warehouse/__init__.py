"""Warehouse exports become an extract: the files of credit consumption and of credit grants."""
