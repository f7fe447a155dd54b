import { redirect } from "react-router";

export const loader = () => redirect("/?name=again", 308);
