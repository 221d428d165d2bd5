import { expect, test } from 'vitest'
import { pathProblem, type PathUse } from '../../../../src/lib/http/url-path.js'

test.each<[string, PathUse, RegExp]>([
  ['/x?y=1', 'exact', /has a query.*write exact: \/x and query: \{y: "1"\} beside it/],
  ['/x?', 'prefix', /has a query/],
  ['/x#frag', 'exact', /has a fragment.*leave it out: \/x;/],
  ['/x?y=1#frag', 'probe', /has a fragment/],
  ['/a b', 'prefix', /percent-encoded.*write it as \/a%20b/],
  ['/straße', 'exact', /percent-encoded.*write it as \/stra%C3%9Fe/],
  ['/a%20b c[1]', 'exact', /write it as \/a%20b%20c\[1\]$/],
  ['/a\\b', 'prefix', /write it as \/a%5Cb/],
  ['/half\ud800', 'probe', /percent-encoded/],
  ['/echo?q=a b', 'probe', /write it as \/echo\?q=a%20b/],
  ['/a\n', 'probe', /percent-encoded/],
  ['/%zz', 'prefix', /has a "%" without.*: \/%25zz/],
  ['/100%', 'exact', /: \/100%25/],
  ['/../x', 'exact', /"\." or "\.\." as a segment.*write it as \/x$/],
  ['/a/%2E%2e/x', 'prefix', /write it as \/x$/],
  ['/a/..', 'exact', /write it as \/$/],
  ['x', 'prefix', /begin with "\/".*write it as \/x/],
  ['', 'probe', /begin with "\/"/],
])('%j, %s: no client sends it', (path, use, says) => {
  const { what, remedy } = pathProblem(path, use)!
  expect(`${what}; ${remedy}`).toMatch(says)
})

test.each<[string, PathUse]>([
  ['/', 'prefix'],
  ['/echo', 'exact'],
  ['/a%20b/stra%C3%9Fe/%3F', 'exact'],
  ["/.well-known/~me/a;b=c,d:e@f!$&'()*+|[1]", 'exact'],
  ['/a/.', 'prefix'],
  ['//x', 'exact'],
  ['/echo/items?page=1&q=%C3%BC', 'probe'],
  ['/echo?next=/a/../b', 'probe'],
])('%j, %s: clients send it as it is', (path, use) => {
  expect(pathProblem(path, use)).toBeUndefined()
})
