import { error } from "@sveltejs/kit";

const TITLES = { 7: "Moby-Dick" };

export const load = ({ params }) => ({ title: TITLES[params.id] ?? error(404, `No book ${params.id}`) });
