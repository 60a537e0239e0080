"""The windows that set the engine up."""
