-- By which plans are searched: words of the account's name and of its former ones, see application/portfolio/row.py.  Until
-- the table has been made anew, which its shape sees to, no plan is found by words.
ALTER TABLE plantrail.portfolio ADD COLUMN search_text text NOT NULL DEFAULT '';
