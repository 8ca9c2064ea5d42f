"""What a schema field asks for, before any page is looked at."""
