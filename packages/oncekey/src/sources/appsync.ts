import { claimsPrincipal, principal, withoutSession } from './http/principal.ts'
import { UNNAMED } from './identify.ts'
import { isMembers, type Members, membersOf, type NativeEvent } from './request.ts'

/**
 * Reads what AWS AppSync sends to a Lambda resolver: one field, or, for `BatchInvoke`, a list of them.
 * @see https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference.html
 */
export function readAppSync(event: unknown): NativeEvent | undefined {
  const fields: readonly unknown[] = Array.isArray(event) ? event : [event]
  const resolved = fields.map((field) => readField(membersOf(field)))
  if (resolved.length === 0 || resolved.includes(undefined)) return undefined
  const callers = new Set(fields.map((field) => appSyncCaller(membersOf(field))))
  const [caller] = callers
  return {
    native: undefined,
    about: [],
    content: { parsed: resolved },
    caller: callers.size > 1 ? UNNAMED : caller,
  }
}

/** Returns what a field is resolved from. A resolver made by hand may send `typeName` and `fieldName` in place of `info`. */
function readField(field: Members): readonly unknown[] | undefined {
  const { fieldName, parentTypeName } = isMembers(field.info)
    ? field.info
    : { fieldName: field.fieldName, parentTypeName: field.typeName }
  const isWhole = isMembers(field.arguments) && 'identity' in field
  if (!isWhole || typeof fieldName !== 'string' || typeof parentTypeName !== 'string') return undefined
  return [parentTypeName, fieldName, field.arguments, field.source ?? null]
}

/**
 * Reads what AWS AppSync Events sends to a Lambda data source: the events that were published on a channel, each with
 * an id, or a subscription, which has none.
 * @see https://docs.aws.amazon.com/appsync/latest/eventapi/channel-namespace-handlers.html
 */
export function readAppSyncEvents(event: unknown): NativeEvent | undefined {
  const { info, events, ...others } = membersOf(event)
  const { channel, channelNamespace, operation } = membersOf(info)
  const { path } = membersOf(channel)
  if (typeof path !== 'string' || !isMembers(channelNamespace) || typeof operation !== 'string')
    return undefined
  const published = Array.isArray(events) ? events.map(membersOf) : []
  const ids = published.map(({ id }) => id)
  const isNamed = ids.length > 0 && ids.every((id) => typeof id === 'string')
  return {
    native: isNamed ? { name: 'appsync', key: ids.join(' '), principal: path } : undefined,
    about: [operation, path],
    content: { parsed: published.map(({ payload }) => payload ?? null) },
    caller: appSyncCaller(others),
  }
}

/** Without an identity, the caller used an API key, which AppSync does not show. */
function appSyncCaller({ identity }: Members): string | typeof UNNAMED | undefined {
  if (!isMembers(identity)) return undefined
  const { sub, issuer, cognitoIdentityId, userArn } = identity
  const claims = membersOf(identity.claims)
  return (
    claimsPrincipal({ sub: sub ?? claims.sub, iss: issuer ?? claims.iss }) ??
    principal('cognito', cognitoIdentityId) ??
    principal('iam', withoutSession(userArn)) ??
    UNNAMED
  )
}
