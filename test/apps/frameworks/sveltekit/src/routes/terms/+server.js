import { read } from "$app/server";
import terms from "./terms.txt?url&no-inline";

export const GET = () => read(terms);
