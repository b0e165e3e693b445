"""Names of the junction laws that a chip file can choose, without importing any of them."""

LAWS = {"rate-balance": "potentiation against depression, with noise and jumps; integrated exactly"}
