"""How each exercise is driven, one module per topic: how to call an answer, never what is right."""
