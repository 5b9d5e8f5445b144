-- How far each projection has come, as the library's tracking has it: in the log of which application it has processed
-- the events up to which notification.
CREATE TABLE plantrail.notification_tracking (
    projection text NOT NULL,
    application_name text NOT NULL,
    notification_id bigint NOT NULL,
    PRIMARY KEY (projection, application_name)
);

-- Each generation of a table that is made from the log is a projection of its own.
INSERT INTO plantrail.notification_tracking (projection, application_name, notification_id)
SELECT format('%s.%s', name, generation), 'plantrail', position FROM plantrail.projections WHERE position > 0;
ALTER TABLE plantrail.projections DROP COLUMN position;

GRANT SELECT, INSERT, UPDATE, DELETE ON plantrail.notification_tracking TO {service};
