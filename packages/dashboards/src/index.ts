export { type Alarm, type AlarmMetric, type AlarmOptions, variationAlarms } from './alarms.ts'
export { cloudFormation, type Resource, type Template, type TemplateOptions } from './cloudformation.ts'
export { type CostEstimate, type CostInput, costOf, LIST_PRICES } from './cost.ts'
export {
  type DashboardBody,
  type DashboardOptions,
  type DashboardVariable,
  dashboardBody,
  type MetricProperties,
  type Widget,
  withChoice,
} from './dashboard.ts'
export type { MetricsScope, RolloutFlag } from './options.ts'
export { OVERVIEW, type Panel, type PanelId, type PanelUnit, servicePanels } from './panels.ts'
export type { MetricEntry, MetricRendering } from './queries.ts'
