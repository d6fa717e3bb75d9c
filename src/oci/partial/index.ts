/** Pulling only what is missing, by tables of contents. */
export type { LayerPlan, PlanOptions, PullCosts, PullPlan } from "./plan.ts";
export { planPull } from "./plan.ts";
