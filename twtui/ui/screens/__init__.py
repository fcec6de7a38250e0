"""The screens of the application, a module each."""
