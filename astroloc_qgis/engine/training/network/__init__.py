"""How the network is prepared for training and for shipping: initial weights, renormalisation, gradients, whitening."""
