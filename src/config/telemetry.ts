// The `telemetry:` block: how much a scrape may be, and where metrics and logs are sent.
import { z } from 'zod'
import { Duration } from '../model/fields.ts'
import { SecretText } from '../model/secret.ts'
import { SECOND } from '../model/units.ts'

const Otlp = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe(
        'An OTLP collector, such as http://localhost:4318; `/v1/metrics`, `/v1/traces` and `/v1/logs` are added for HTTP.',
      ),
    headers: z
      .record(z.string().min(1), SecretText)
      .prefault({})
      .describe('Sent with each request over HTTP, such as an authorization.'),
    protocol: z.enum(['http/protobuf', 'grpc']).optional().describe('http/protobuf unless said otherwise.'),
    every: Duration(SECOND)
      .optional()
      .describe('How often metrics are sent; a minute unless said otherwise.'),
    timeout: Duration(SECOND)
      .prefault('10s')
      .describe('How long one request may take, its retries included.'),
    traces: z.boolean().prefault(true).describe('Whether each finished run is sent as a trace.'),
    alerts: z
      .boolean()
      .prefault(true)
      .describe('Whether each alert that begins or ends is sent as a log record.'),
    logs: z.boolean().prefault(true).describe('Whether our own log is sent too.'),
  })
  .refine(({ protocol, headers }) => protocol !== 'grpc' || Object.keys(headers).length === 0, {
    path: ['headers'],
    error: 'with protocol grpc headers come from OTEL_EXPORTER_OTLP_HEADERS',
  })

const CloudWatch = z
  .strictObject({
    namespace: z
      .string()
      .regex(
        /^(?!AWS\/)[\w.\-/#:]{1,100}$/,
        'expected a namespace such as DataPipeline, not one of AWS itself',
      )
      .prefault('DataPipeline')
      .describe('Values of a pipeline go to `<namespace>/<pipeline>`.'),
    region: z.string().min(1).optional().describe('The standard AWS environment is the default.'),
    endpoint: z.url().optional().describe('Another CloudWatch endpoint than that of the AWS region.'),
    pipelines: z
      .array(z.string().min(1))
      .min(1)
      .prefault(['**'])
      .describe(
        'Globs on names of pipelines, or on `source/pipeline`. CloudWatch takes $0.30 a month for each of the seven metrics of a pipeline.',
      ),
  })
  .describe('Where finished runs are written as CloudWatch metrics.')

export const TelemetryConfig = z.strictObject({
  instance: z
    .string()
    .min(1)
    .optional()
    .describe(
      '`service.instance.id`; the host name and port unless said otherwise. It should survive restarts.',
    ),
  scrape: z
    .strictObject({
      max_series: z
        .int()
        .min(1)
        .prefault(200_000)
        .describe('Series in one answer of /metrics; more are left out, from the largest metrics first.'),
    })
    .prefault({}),
  otlp: Otlp.optional().describe('What is not said here, the standard OTEL_* environment says.'),
  cloudwatch: CloudWatch.optional(),
})
