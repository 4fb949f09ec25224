"""Pictures of every page of the application, of a stack that is filled for them."""
