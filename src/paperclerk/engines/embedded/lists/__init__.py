"""Arrays that are no tables: sections, entries, enumerations, menus, agendas, works cited."""
