"""What words mean: stems, labels that documents print, synonyms, what schemas call things."""
