"""Reports as pages: text, tables and pictures that read without a network."""

from research.pages.page import Page, Picture, Section, Table

__all__ = ["Page", "Picture", "Section", "Table"]
