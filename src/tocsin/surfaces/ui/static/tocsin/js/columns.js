// Where the nodes of a link graph stand: the one in focus in the middle, its neighbours in a column to the left or to
// the right, theirs one column further out. What hangs together stays on one side, so that a shared device or card is
// seen as a knot. The picture is the same every time, and fills a wide, low panel.

const GAP = 46; // the least height a node with its label needs

function neighbours(edges) {
  const map = new Map();
  const add = (from, to) => map.set(from, [...(map.get(from) ?? []), to]);
  for (const { from, to } of edges) { add(from, to); add(to, from); }
  return map;
}

/** Hops from the start by breadth; what cannot be reached stands one hop beyond the farthest. */
function hopsFrom(start, nodes, near) {
  const hops = new Map([[start, 0]]);
  for (const id of hops.keys()) for (const other of near.get(id) ?? []) if (!hops.has(other)) hops.set(other, hops.get(id) + 1);
  const beyond = Math.max(...hops.values()) + 1;
  for (const { id } of nodes) if (!hops.has(id)) hops.set(id, beyond);
  return hops;
}

/** The knots that remain when the middle is taken out, largest first. */
function knots(start, nodes, near) {
  const seen = new Set([start]), found = [];
  for (const { id } of nodes) {
    if (seen.has(id)) continue;
    const knot = new Set([id]);
    for (const member of knot) for (const other of near.get(member) ?? []) if (other !== start) knot.add(other);
    for (const member of knot) seen.add(member);
    found.push([...knot]);
  }
  return found.sort((a, b) => b.length - a.length);
}

/** Half of the weight to the left (-1), half to the right (1). */
function sides(groups) {
  const side = new Map(), weight = { [-1]: 0, 1: 0 };
  for (const group of groups) {
    const to = weight[-1] <= weight[1] ? -1 : 1;
    weight[to] += group.length;
    for (const id of group) side.set(id, to);
  }
  return side;
}

/** Map of id → {x, y} for a panel of the given size in pixels. */
export function columns({ nodes, edges }, width, height) {
  const near = neighbours(edges);
  const start = (nodes.find((node) => node.focus) ?? nodes[0])?.id;
  const hops = hopsFrom(start, nodes, near);
  const side = sides(knots(start, nodes, near));
  const byColumn = new Map();
  for (const { id } of nodes) {
    const key = (side.get(id) ?? 0) * hops.get(id);
    byColumn.set(key, [...(byColumn.get(key) ?? []), id]);
  }
  const keys = [...byColumn.keys()];
  const middle = (Math.min(...keys) + Math.max(...keys)) / 2; // when all hang together, one side is empty
  const apart = (width - 150) / Math.max(Math.max(...keys) - Math.min(...keys), 2);
  const places = new Map();
  const order = [...byColumn.keys()].sort((a, b) => Math.abs(a) - Math.abs(b));
  for (const key of order) {
    const mean = (id) => { // as high as the nodes it hangs on, which are placed already
      const heights = (near.get(id) ?? []).map((other) => places.get(other)?.y).filter((y) => y !== undefined);
      return heights.reduce((sum, y) => sum + y, 0) / (heights.length || 1);
    };
    const ids = key ? byColumn.get(key).sort((a, b) => mean(a) - mean(b)) : byColumn.get(key);
    const tall = Math.max(height - GAP, ids.length * GAP);
    const share = ids.length < 3 ? .66 : 1; // a pair looks calmer away from the edges
    ids.forEach((id, at) => places.set(id, {
      x: (key - middle) * apart,
      y: ids.length === 1 ? 0 : (at / (ids.length - 1) - .5) * (tall - GAP / 2) * share,
    }));
  }
  return places;
}
