/** The Worker as the tests of this layer load it: the broker's own, and a class of objects that only tests have. */

export { default } from '../../src/index.ts';
export { Agent, ConnectedAccount, Deliverer, Exchanger, Revocation } from '../../src/index.ts';
export { Tally } from './objects/tally.ts';
