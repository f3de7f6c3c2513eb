"""The version of this software, part of every result's identity."""

VERSION = "0.1.0"
