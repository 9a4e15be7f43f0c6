import type { ResolvedTemplate } from './template.ts'

/** The route of the HTTP API that matches a request. */
export interface RouteMatch {
  /** As in the template, such as `GET /payments/{id}`. */
  readonly routeKey: string
  readonly pathParameters: Readonly<Record<string, string>>
  /** The physical name of the function that the route invokes. */
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
 * Returns a function that finds routes as an HTTP API does. The whole path must match; a route with the method has
 * priority over `ANY`, and literal segments have priority over variables.
 *
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
    const requested = path.split('/')
    const matches = (segments: readonly string[]) =>
      segments.length === requested.length &&
      segments.every((segment, at) =>
        isVariable(segment) ? requested[at] !== '' : segment === requested[at],
      )
    const route = routes.find(
      (one) => (one.method === method || one.method === 'ANY') && matches(one.segments),
    )
    if (route === undefined) return undefined
    const pathParameters = Object.fromEntries(
      route.segments.flatMap((segment, at) =>
        isVariable(segment) ? [[segment.slice(1, -1), decode(requested[at] ?? '')]] : [],
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
