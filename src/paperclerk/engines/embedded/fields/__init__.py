"""Values of fields outside arrays: where each may stand, which is chosen, how sure it is."""
