"""How many edges lie between nodes: one search by breadth from each source."""

from __future__ import annotations

import numpy as np

from nwlab.model.compiled import compiled
from nwlab.model.networks.network import IntArray


@compiled
def hops(start: IntArray, neighbour: IntArray, sources: IntArray) -> tuple[float, int]:
    """Return the sum and the largest of the distances from `sources` to all nodes that can be reached.

    Node n has the neighbours neighbour[start[n]:start[n + 1]].
    """
    total, longest, nodes = 0.0, 0, len(start) - 1
    seen, queue = np.full(nodes, -1, dtype=np.int64), np.empty(nodes, dtype=np.int64)
    for source in sources:
        seen[source] = source
        queue[0] = source
        begin, end, depth = 0, 1, 0
        while begin < end:
            total += float(depth) * (end - begin)
            longest = max(longest, depth)
            depth += 1
            ring = end
            for place in range(begin, ring):
                node = queue[place]
                for edge in range(start[node], start[node + 1]):
                    other = neighbour[edge]
                    if seen[other] != source:
                        seen[other] = source
                        queue[end] = other
                        end += 1
            begin = ring
    return total, longest
