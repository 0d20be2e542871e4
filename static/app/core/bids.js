/** Tabs of one account agree within this time which of them acts on an entry, in ms. */
export const GATHER_MS = 300;
/** Rounds remembered, so that a tab that hears of an entry late does not act again. */
const MAX_ROUNDS = 200;

/**
 * Lets one tab alone act on what all of them hear.
 *
 * Every tab offers a bid for an entry and hears the others' (`say`, `heard`). When the time is over
 * the tab whose bid is best acts: one that is `able`, then the one of the lowest name. It does only
 * what no bid spoke against. A tab that offers after a round is over, as sleeping tabs do, is late.
 */
export class Bids {
  constructor({ tab, say, clock }) {
    Object.assign(this, { tab, say, clock });
    this.rounds = new Map();
  }

  /** `bid`: `{able, show, sound}`. `act({show, sound})` is called at most once, in one tab. */
  offer(about, bid, act) {
    const round = this.#round(about);
    if (round.bids.length && this.clock.now() - round.began > GATHER_MS) return;
    const mine = { ...bid, tab: this.tab };
    round.bids.push(mine);
    this.say({ type: "bid", about, bid: mine });
    this.clock.setTimeout(() => {
      const best = round.bids.reduce((one, other) => (better(other, one) ? other : one));
      if (best.tab !== this.tab) return;
      const agreed = (what) => round.bids.every((each) => each[what]);
      act({ show: agreed("show"), sound: agreed("sound") });
    }, GATHER_MS);
  }

  /** Another tab's bid. */
  heard({ about, bid }) {
    this.#round(about).bids.push(bid);
  }

  #round(about) {
    let round = this.rounds.get(about);
    if (!round) {
      round = { began: this.clock.now(), bids: [] };
      this.rounds.set(about, round);
      if (this.rounds.size > MAX_ROUNDS) this.rounds.delete(this.rounds.keys().next().value);
    }
    return round;
  }
}

function better(one, other) {
  return one.able === other.able ? one.tab < other.tab : one.able;
}
