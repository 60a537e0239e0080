"""Model weights: in installed packages, downloaded, or shipped with the plugin; always checked by their sha256."""
