"""The rules of reading a table: files, columns, cells, and what is found in each row.

Nothing here touches the database or HTTP.
"""
