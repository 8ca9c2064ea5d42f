"""Arrays that are tables: lines to cells, cells to columns, rows to elements, sums as evidence."""
