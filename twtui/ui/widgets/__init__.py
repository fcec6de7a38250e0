"""Widgets that draw lines with the Line API."""
