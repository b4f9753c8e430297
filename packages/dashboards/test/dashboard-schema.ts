/*
 * The structure of a dashboard body, as far as this package uses it, written down from
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 * (sections "Overall Structure", "Variables Array Structure", "Properties of a Metric Widget Object", "... Text Widget
 * Object", "... Alarm Status Widget Object"). Unknown members are refused here, where CloudWatch would pass them over.
 */
const integer = (minimum: number, maximum: number) => ({ type: 'integer', minimum, maximum })
const object = (properties: object, required: readonly string[]) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
})
const text = { type: 'string', minLength: 1 }
const arn = { type: 'string', pattern: '^arn:|^\\u0001alarm|^\\$\\{Alarm' }

/** The last member of a metric's array. */
const rendering = object(
  {
    expression: { type: 'string', minLength: 1, maxLength: 1024 },
    id: { type: 'string', pattern: '^[a-z][a-zA-Z0-9_]*$' },
    label: text,
    stat: { type: 'string', pattern: '^(SampleCount|Average|Sum|Minimum|Maximum|p[0-9]{1,2}(\\.[0-9]+)?)$' },
    visible: { type: 'boolean' },
  },
  [],
)

const metricProperties = object(
  {
    title: text,
    view: { enum: ['timeSeries', 'singleValue', 'gauge', 'bar', 'pie', 'table'] },
    stacked: { type: 'boolean' },
    region: text,
    period: { anyOf: [{ enum: [1, 5, 10, 30] }, { type: 'integer', multipleOf: 60, minimum: 60 }] },
    // Namespace, name, up to 30 pairs of dimension and value, rendering.
    metrics: {
      type: 'array',
      minItems: 1,
      maxItems: 500,
      items: { type: 'array', minItems: 1, maxItems: 63, items: { anyOf: [text, rendering] } },
    },
    yAxis: object(
      {
        left: object(
          { label: text, showUnits: { type: 'boolean' }, min: { type: 'number' }, max: { type: 'number' } },
          [],
        ),
      },
      [],
    ),
  },
  ['metrics', 'region'],
)

const widget = (type: string, properties: object) =>
  object(
    {
      type: { const: type },
      x: integer(0, 23),
      y: { type: 'integer', minimum: 0 },
      width: integer(1, 24),
      height: integer(1, 1000),
      properties,
    },
    ['type', 'properties'],
  )

const variable = object(
  {
    type: { enum: ['property', 'pattern'] },
    id: text,
    label: text,
    inputType: { enum: ['input', 'select', 'radio'] },
    pattern: text,
    defaultValue: text,
    visible: { type: 'boolean' },
    search: text,
    populateFrom: text,
  },
  ['type', 'id', 'inputType', 'pattern', 'visible'],
)

export const DASHBOARD_SCHEMA = object(
  {
    start: { type: 'string', pattern: '^-P(T\\d+[MH]|\\d+[DWM])$' },
    periodOverride: { enum: ['auto', 'inherit'] },
    variables: { type: 'array', maxItems: 25, items: variable },
    widgets: {
      type: 'array',
      maxItems: 500,
      items: {
        anyOf: [
          widget('text', object({ markdown: text }, ['markdown'])),
          widget(
            'alarm',
            object({ title: text, alarms: { type: 'array', minItems: 1, maxItems: 100, items: arn } }, ['alarms']),
          ),
          widget('metric', metricProperties),
        ],
      },
    },
  },
  ['widgets'],
)
