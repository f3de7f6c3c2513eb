"""Tables and figures of disc progression (P2), from predictions of any origin."""
