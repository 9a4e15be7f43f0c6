import { describe, expect, test } from 'vitest'
import { readRoutes } from '../../infra/local/routes.ts'
import { resolveTemplate } from '../../infra/local/template.ts'

const resolveValue = (Value: unknown) => {
  const Resources = {
    Table: { Type: 'AWS::DynamoDB::GlobalTable' },
    It: { Type: 'Test', Properties: { Value } },
  }
  return resolveTemplate({ Resources }, 'Stack', 'abc').resources<{ Value: unknown }>('Test').get('It')?.Value
}

describe('a template', () => {
  test.each([
    ['a reference', { Ref: 'Table' }, 'Stack-Table-abc'],
    ['a pseudo parameter', { Ref: 'AWS::Region' }, 'us-east-1'],
    ['an ARN', { 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:aws:dynamodb:us-east-1:000000000000:Stack-Table-abc'],
    ['a join of references', { 'Fn::Join': ['/', ['a', { Ref: 'Table' }]] }, 'a/Stack-Table-abc'],
    ['a substitution', { 'Fn::Sub': `x-\${AWS::AccountId}-\${Table}` }, 'x-000000000000-Stack-Table-abc'],
    ['a plain value', { Key: ['a', 1] }, { Key: ['a', 1] }],
  ])('gives %s its value', (_kind, value, expected) => {
    expect(resolveValue(value)).toEqual(expected)
  })

  test('refuses a function that is not known', () => {
    expect(() => resolveValue({ 'Fn::ImportValue': 'x' })).toThrow(
      'Fn::ImportValue cannot be resolved on this machine',
    )
  })

  test('refuses a reference to nothing', () => {
    expect(() => resolveValue({ Ref: 'Gone' })).toThrow('refers to Gone, but has no such resource')
  })
})

describe('the routes of a template', () => {
  const route = (RouteKey: string) => ({
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: { RouteKey, Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] } },
  })
  const Resources = {
    Function: { Type: 'AWS::Lambda::Function' },
    Integration: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: { IntegrationUri: { 'Fn::GetAtt': ['Function', 'Arn'] } },
    },
    One: route('GET /a/{id}'),
    Two: route('ANY /a/{id}'),
    Three: route('GET /a/b'),
  }
  const match = readRoutes(resolveTemplate({ Resources }, 'Stack', 'abc'))

  test.each([
    ['GET', '/a/b', 'GET /a/b', {}],
    ['GET', '/a/c%20d', 'GET /a/{id}', { id: 'c d' }],
    ['PUT', '/a/b', 'ANY /a/{id}', { id: 'b' }],
  ])('lead %s %s to %s', (method, path, routeKey, pathParameters) => {
    expect(match(method, path)).toEqual({ routeKey, pathParameters, functionName: 'Stack-Function-abc' })
  })

  test.each(['/a', '/a/', '/a/b/c', '/'])('lead GET %s nowhere', (path) => {
    expect(match('GET', path)).toBeUndefined()
  })
})
