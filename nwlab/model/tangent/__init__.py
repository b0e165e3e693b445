"""Films with the derivatives of their conductance by the parameters of the law: forward sensitivities; compiled."""
