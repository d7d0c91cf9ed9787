"""An import's request and its answer.

`uploads` reads the file and what was decided about its rows; `reports` is the report on it.
"""
