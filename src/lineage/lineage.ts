// The door: what is made of what, as a graph of datasets and jobs; what explains a fault, and what it delays.
export { type Lineage, buildLineage } from './graph.ts'
export { type Suspect, incidentsOf } from './incident.ts'
export { lineageOf } from './known-lineage.ts'
export { type Neighbour, datasetsOf, pipelinesByJob, writersOf } from './neighbours.ts'
export { nodeNamed, nodeOfLabels, nodesNamed } from './nodes.ts'
