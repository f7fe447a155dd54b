/** The control stores of the cells that a router serves: its own, and further ones of the same Redis. */
import type { ControlStore } from "@nano/control-store/control-store";
import { errors as storeErrors } from "@nano/control-store/errors";
import { openControlStore } from "@nano/control-store/open-control-store";
import { DEFAULT_CELL } from "@nano/control-store/redis-config";
import type { RouterConfig } from "../config.ts";

export interface Cell {
  readonly name: string;
  /** The caller closes it, after the router. */
  readonly store: ControlStore;
}

/** In the order in which their routes are taken. @throws STORE_BAD_ADDRESS */
export async function openCells(config: RouterConfig["controlStore"]): Promise<readonly [Cell, ...Cell[]]> {
  const { redis, cells: further } = config;
  const first = redis.urls === null ? DEFAULT_CELL : redis.cell;
  const names = [first, ...further];
  const doubled = names.find((name, place) => names.indexOf(name) !== place);
  if (doubled !== undefined) {
    throw storeErrors.BAD_ADDRESS({
      name: "controlStore.cells",
      found: `${doubled} twice`,
      expected: "each cell once",
    });
  }
  if (further.length > 0 && redis.urls === null) {
    const expected = "redis.urls, where there are further cells";
    throw storeErrors.BAD_ADDRESS({ name: "controlStore.cells", found: "no Redis", expected });
  }
  const open = async (name: string): Promise<Cell> => {
    const place = name === first ? config : { ...config, redis: { ...redis, cell: name } };
    return { name, store: await openControlStore(place) };
  };
  return [await open(first), ...(await Promise.all(further.map(open)))];
}
