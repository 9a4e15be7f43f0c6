import type { ResolvedTemplate } from './template.ts'

/** A route of the HTTP API that fits a request. */
export interface RouteMatch {
  /** As the template has it, such as `GET /payments/{id}`. */
  readonly routeKey: string
  readonly pathParameters: Readonly<Record<string, string>>
  /** The physical name of the function behind it. */
  readonly functionName: string
}

export type MatchRoute = (method: string, path: string) => RouteMatch | undefined

interface Route {
  readonly RouteKey: string
  readonly Target: string
}

interface Integration {
  readonly IntegrationUri: string
}

/**
 * Finds routes as an HTTP API does: the whole path, the method before `ANY`, literal segments before variables.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export function readRoutes(template: ResolvedTemplate): MatchRoute {
  const integrations = new Map(
    [...template.resources<Integration>('AWS::ApiGatewayV2::Integration')].map(([id, { IntegrationUri }]) => [
      `integrations/${template.nameOf(id)}`,
      IntegrationUri.slice(IntegrationUri.lastIndexOf(':') + 1),
    ]),
  )
  const routes = [...template.resources<Route>('AWS::ApiGatewayV2::Route').values()].map(
    ({ RouteKey, Target }) => {
      const [method = '', path = ''] = RouteKey.split(' ')
      const functionName = integrations.get(Target)
      if (functionName === undefined) throw new Error(`Route ${RouteKey} has no integration.`)
      return { routeKey: RouteKey, method, segments: path.split('/'), functionName }
    },
  )
  const variables = (segments: readonly string[]) => segments.filter(isVariable).length
  routes.sort(
    (one, other) =>
      variables(one.segments) - variables(other.segments) ||
      Number(one.method === 'ANY') - Number(other.method === 'ANY'),
  )

  return (method, path) => {
    const asked = path.split('/')
    const fits = (segments: readonly string[]) =>
      segments.length === asked.length &&
      segments.every((segment, at) => (isVariable(segment) ? asked[at] !== '' : segment === asked[at]))
    const route = routes.find((one) => (one.method === method || one.method === 'ANY') && fits(one.segments))
    if (route === undefined) return undefined
    const pathParameters = Object.fromEntries(
      route.segments.flatMap((segment, at) =>
        isVariable(segment) ? [[segment.slice(1, -1), decode(asked[at] ?? '')]] : [],
      ),
    )
    return { routeKey: route.routeKey, pathParameters, functionName: route.functionName }
  }
}

function isVariable(segment: string): boolean {
  return segment.startsWith('{') && segment.endsWith('}')
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
