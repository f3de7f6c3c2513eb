"""The graph's operators: receive, call one function of `spine.pipeline`, emit."""
