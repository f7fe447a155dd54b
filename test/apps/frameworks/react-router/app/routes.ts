import { index, type RouteConfig, route } from "@react-router/dev/routes";

export default [
  index("routes/home.tsx"),
  route("books/:id", "routes/book.tsx"),
  route("deferred", "routes/deferred.tsx"),
  route("login", "routes/login.ts"),
  route("api/sum", "routes/sum.ts"),
  route("stream", "routes/stream.ts"),
  route("old", "routes/old.ts"),
  route("fail", "routes/fail.tsx"),
] satisfies RouteConfig;
